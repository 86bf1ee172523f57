from django.urls import path

from signatures import verify, views

urlpatterns = [
    path("to-sign/", views.to_sign, name="to-sign"),
    path("participants/<uuid:pk>/signatures/", views.of_participant, name="signatures"),
    path("participants/<uuid:pk>/sign/eligibility/", views.sign_eligibility, name="sign-eligibility"),
    path("participants/<uuid:pk>/sign/casebook/", views.sign_casebook, name="sign-casebook"),
    path("participants/<uuid:pk>/sign/lock/", views.sign_lock, name="sign-lock"),
    path("visits/<uuid:pk>/sign/", views.sign_visit, name="sign-visit"),
    path("records/<uuid:pk>/sign/", views.sign_form, name="sign-form"),
    path("records/<uuid:pk>/read/", views.read, name="read-form"),
    path("verify/", verify.page, name="verify-signature"),
]
