from django.urls import path

from reports import access_views, copy_views, deviation_views, look_back_views, review_views, safety_views, views

urlpatterns = [
    path("exports/", views.exports, name="exports"),
    path("exports/participants.csv", views.participants_csv, name="participants-csv"),
    path("exports/codebook.csv", views.codebook_csv, name="codebook-csv"),
    path("exports/trail.csv", views.trail, name="trail-csv"),
    path("exports/signatures.csv", views.signatures, name="signatures-csv"),
    path("exports/<slug:form>.csv", views.form_csv, name="form-csv"),
    path("participants/<uuid:pk>/export/", views.participant_exports, name="participant-exports"),
    path("participants/<uuid:pk>/trail.csv", views.participant_trail, name="participant-trail-csv"),
    path("participants/<uuid:pk>/casebook.csv", views.casebook_csv, name="casebook-csv"),
    path("participants/<uuid:pk>/casebook.pdf", views.casebook_pdf_file, name="casebook-pdf"),
    path("safety/serious-events.csv", safety_views.sae_csv, name="sae-csv"),
    path("safety/reports/<uuid:pk>/cioms.pdf", safety_views.cioms, name="cioms"),
    path("safety/reports/<uuid:pk>/e2b.json", safety_views.e2b_json, name="e2b"),
    path("look-back/", look_back_views.look_back_page, name="look-back"),
    path("look-back.csv", look_back_views.look_back_csv_file, name="look-back-csv"),
    path("look-back.pdf", look_back_views.look_back_pdf_file, name="look-back-pdf"),
    path("deviations/", deviation_views.deviations, name="deviations"),
    path("deviations.csv", deviation_views.deviations_csv, name="deviations-csv"),
    path("access-log/", access_views.access_log, name="access-log"),
    path("access-log.csv", access_views.access_log_csv, name="access-log-csv"),
    path("trail-reviews/", review_views.trail_reviews, name="trail-reviews"),
    path("trail-reviews/new/", review_views.new_trail_review, name="new-trail-review"),
    path("trail-reviews/<int:pk>/", review_views.trail_review, name="trail-review"),
    path("my-data/", copy_views.my_data, name="my-data"),
    path("my-data/copy/", copy_views.download_copy, name="download-copy"),
    path("my-data/copies/<int:pk>/receipt/", copy_views.receive_copy, name="receive-copy"),
]
