from django.urls import path

from reports import views

urlpatterns = [
    path("exports/", views.exports, name="exports"),
    path("exports/codebook.csv", views.codebook_csv, name="codebook-csv"),
    path("exports/<slug:form>.csv", views.form_csv, name="form-csv"),
    path("participants/<uuid:pk>/casebook.csv", views.casebook_csv, name="casebook-csv"),
    path("participants/<uuid:pk>/casebook.pdf", views.casebook_pdf_file, name="casebook-pdf"),
]
