from django.urls import path

from responses import views

urlpatterns = [
    path("participants/", views.participants, name="participants"),
    path("participants/<uuid:pk>/", views.participant, name="participant"),
    path("participants/<uuid:pk>/take-note/", views.take_note, name="take-note"),
]
