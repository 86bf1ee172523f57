from django.urls import path

from dosing import views

urlpatterns = [
    path("lots/", views.lots, name="lots"),
    path("lots/add/", views.add_lot, name="add-lot"),
    path("participants/<uuid:pk>/end-treatment/", views.end_treatment, name="end-treatment"),
]
