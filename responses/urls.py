from django.urls import path

from responses import views

urlpatterns = [
    path("participants/", views.participants, name="participants"),
    path("participants/<uuid:pk>/", views.participant, name="participant"),
    path("participants/<uuid:pk>/take-note/", views.take_note, name="take-note"),
    path("participants/<uuid:pk>/next-dose/", views.decide_dose, name="decide-dose"),
    path("participants/<uuid:pk>/answer/", views.answer_question, name="answer-question"),
    path("participants/<uuid:pk>/seen/", views.mark_seen, name="mark-seen"),
]
