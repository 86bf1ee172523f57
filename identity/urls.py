from django.urls import path

from identity import views

urlpatterns = [
    path("participants/<uuid:pk>/identity/", views.identity, name="identity"),
    path("participants/<uuid:pk>/identity/look/", views.look, name="look-at-identity"),
    path("participants/<uuid:pk>/identity/keep/", views.keep, name="keep-identity"),
    path("duplicates/", views.duplicates, name="duplicates"),
]
