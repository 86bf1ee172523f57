from django.urls import path

from delegation import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/assign/", views.assign, name="assign-role"),
    path("people/assignments/<int:pk>/end/", views.end_assignment, name="end-assignment"),
    path("people/assignments/<int:pk>/extend/", views.extend_assignment, name="extend-assignment"),
    path("delegation/", views.overview, name="delegation"),
    path("delegation/sites/<int:pk>/", views.site_log, name="delegation-log"),
    path("delegation/trial/", views.trial_log, name="trial-log"),
    path("delegation/sign/", views.sign, name="sign-entries"),
    path("training/", views.training_page, name="training"),
    path("training/confirm/", views.confirm_training, name="confirm-training"),
    path("training/record/", views.record_training, name="record-training"),
    path("signature-statement/", views.signature_statement, name="signature-statement"),
    path("access-rights/", views.access_rights, name="access-rights"),
    path("access-rights.csv", views.access_rights_csv, name="access-rights-csv"),
    path("access-rights/review/", views.review_access, name="review-access"),
]
