from django.urls import path

from assessments import views

urlpatterns = [
    path("safety/", views.safety_page, name="safety"),
    path("safety/events/<uuid:pk>/", views.event, name="safety-event"),
    path("safety/events/<uuid:pk>/notify/", views.notify, name="notify"),
    path("safety/events/<uuid:pk>/report/", views.add_report, name="add-report"),
    path("safety/notifications/<int:pk>/take-back/", views.take_back, name="take-back-notification"),
]
