"""All addresses. Upper apps are named by string only."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from itp_trial import health, views

READ = ["get", "head"]

urlpatterns = [
    path("", views.home, name="home"),
    path("sites/<int:pk>/", views.edit_site, name="edit-site"),
    path("protocol/", views.protocol_page, name="protocol"),
    path("health/", health.health, name="health"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("", include("delegation.urls")),
    path("", include("casebook.urls")),
    path("", include("identity.urls")),
    path("", include("signatures.urls")),
    path("", include("enrollment.urls")),
    path("", include("dosing.urls")),
    path("", include("assessments.urls")),
    path("", include("responses.urls")),
    path("", include("reports.urls")),
    path("", include("analyses.urls")),
    path("api/v1/", include("reports.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(http_method_names=READ), name="api-schema"),
    path("api/", SpectacularSwaggerSplitView.as_view(url_name="api-schema", http_method_names=READ), name="api-docs"),
]

handler400 = "itp_trial.views.bad_request"
handler403 = "itp_trial.views.forbidden"
handler404 = "itp_trial.views.not_found"
handler500 = "itp_trial.views.server_error"
