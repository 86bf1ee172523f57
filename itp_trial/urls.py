"""All addresses. Upper apps are named by string only."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from itp_trial import views

urlpatterns = [
    path("", views.home, name="home"),
    path("people/", views.people, name="people"),
    path("people/assign/", views.assign, name="assign-role"),
    path("people/assignments/<int:pk>/end/", views.end_assignment, name="end-assignment"),
    path("sites/<int:pk>/", views.edit_site, name="edit-site"),
    path("protocol/", views.protocol_page, name="protocol"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("", include("casebook.urls")),
    path("", include("enrollment.urls")),
    path("", include("dosing.urls")),
    path("", include("responses.urls")),
    path("", include("reports.urls")),
    path("api/v1/", include("reports.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]

handler400 = "itp_trial.views.bad_request"
handler403 = "itp_trial.views.forbidden"
handler404 = "itp_trial.views.not_found"
handler500 = "itp_trial.views.server_error"
