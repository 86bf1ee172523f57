from django.urls import path

from accounts.views import administration, own, sign_in

urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/second-factor/", sign_in.confirm_second_factor, name="second-factor"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("account/", own.account, name="account"),
    path("account/password/", own.change_password, name="change-password"),
    path("account/second-factors/", own.second_factors, name="second-factors"),
    path("account/second-factors/app/", own.enrol_app, name="enrol-app"),
    path("account/second-factors/passkey/", own.add_passkey, name="add-passkey"),
    path("account/sessions/end/", own.end_all_sessions, name="end-all-sessions"),
    path("account/sessions/<uuid:number>/end/", own.end_session, name="end-session"),
    path("account/tokens/", own.create_token, name="create-token"),
    path("account/tokens/<int:pk>/revoke/", own.revoke_token, name="revoke-token"),
    path("accounts/", administration.accounts, name="accounts"),
    path("accounts/open/", administration.open_account, name="open-account"),
    path("accounts/<int:pk>/", administration.account_of, name="account-of"),
    path("accounts/<int:pk>/close/", administration.close_account, name="close-account"),
    path("accounts/<int:pk>/reopen/", administration.reopen_account, name="reopen-account"),
    path("accounts/<int:pk>/unlock/", administration.unlock_account, name="unlock-account"),
    path("accounts/<int:pk>/starting-password/", administration.give_starting_password, name="starting-password"),
    path("accounts/<int:pk>/remove-second-factors/", administration.remove_second_factors, name="remove-second-factors"),
]
