from django.urls import path

from enrollment import views

urlpatterns = [
    path("participants/screen/", views.screen, name="screen"),
    path("participants/<uuid:pk>/eligibility/", views.eligibility, name="eligibility"),
    path("participants/<uuid:pk>/enrol/", views.enrol, name="enrol"),
    path("participants/<uuid:pk>/screen-failure/", views.fail, name="screen-failure"),
    path("participants/<uuid:pk>/end/", views.end, name="end-participation"),
]
