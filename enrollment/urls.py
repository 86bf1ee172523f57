from django.urls import path

from enrollment import views

urlpatterns = [
    path("participants/screen/", views.screen, name="screen"),
    path("participants/<uuid:pk>/eligibility/", views.eligibility, name="eligibility"),
    path("participants/<uuid:pk>/enrol/", views.enrol, name="enrol"),
    path("participants/<uuid:pk>/screen-failure/", views.fail, name="screen-failure"),
    path("participants/<uuid:pk>/end/", views.end, name="end-participation"),
    path("participants/<uuid:pk>/end/take-back/", views.take_back_end, name="take-back-end"),
    path("consent-versions/", views.consent_versions, name="consent-versions"),
]
