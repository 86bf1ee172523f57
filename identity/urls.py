from django.urls import path

from identity import photo_views, redaction_views, views

urlpatterns = [
    path("participants/<uuid:pk>/identity/", views.identity, name="identity"),
    path("participants/<uuid:pk>/identity/look/", views.look, name="look-at-identity"),
    path("participants/<uuid:pk>/identity/keep/", views.keep, name="keep-identity"),
    path("participants/<uuid:pk>/redactions/", redaction_views.ask, name="redactions"),
    path("records/<uuid:pk>/history/<slug:item>/photo/", photo_views.add, name="add-photo"),
    path("photos/<uuid:pk>/", photo_views.photo, name="source-photo"),
    path("photos/<uuid:pk>/picture/", photo_views.picture, name="photo-picture"),
    path("photos/<uuid:pk>/take-away/", photo_views.take_away, name="take-away-photo"),
    path("photos/<uuid:pk>/put-back/", photo_views.put_back, name="put-back-photo"),
    path("photos/<uuid:pk>/erase/", photo_views.erase, name="erase-photo"),
    path("redactions/", redaction_views.decide, name="redaction-requests"),
    path("duplicates/", views.duplicates, name="duplicates"),
]
