from django.urls import path, re_path

from analyses import views

urlpatterns = [
    path("trial/", views.trial, name="trial"),
    path("trial/report.pdf", views.report, name="trial-report"),
    re_path(r"^trial/figures/(?P<slug>[a-z-]+)\.(?P<kind>svg|png|csv)$", views.figure_file, name="trial-figure"),
]
