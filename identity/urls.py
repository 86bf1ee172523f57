from django.urls import path

from identity import redaction_views, views

urlpatterns = [
    path("participants/<uuid:pk>/identity/", views.identity, name="identity"),
    path("participants/<uuid:pk>/identity/look/", views.look, name="look-at-identity"),
    path("participants/<uuid:pk>/identity/keep/", views.keep, name="keep-identity"),
    path("participants/<uuid:pk>/redactions/", redaction_views.ask, name="redactions"),
    path("redactions/", redaction_views.decide, name="redaction-requests"),
    path("duplicates/", views.duplicates, name="duplicates"),
]
