from django.urls import path

from reports import api

urlpatterns = [
    path("participants/", api.ParticipantList.as_view(), name="api-participants"),
    path("participants/<uuid:pk>/", api.ParticipantDetail.as_view(), name="api-participant"),
    path("participants/<uuid:pk>/visits/", api.VisitList.as_view(), name="api-visits"),
    path("participants/<uuid:pk>/records/", api.RecordList.as_view(), name="api-records"),
    path("participants/<uuid:pk>/signatures/", api.SignatureList.as_view(), name="api-signatures"),
    path("participants/<uuid:pk>/response/", api.ResponseDetail.as_view(), name="api-response"),
    path("participants/<uuid:pk>/casebook.csv", api.CasebookCsv.as_view(), name="api-casebook-csv"),
    path("participants/<uuid:pk>/casebook.pdf", api.CasebookPdf.as_view(), name="api-casebook-pdf"),
    path("participants/<uuid:pk>/trail.csv", api.ParticipantTrailCsv.as_view(), name="api-participant-trail-csv"),
    path("records/<uuid:pk>/", api.RecordDetail.as_view(), name="api-record"),
    path("responses/", api.ResponseList.as_view(), name="api-responses"),
    path("trail.csv", api.TrailCsv.as_view(), name="api-trail-csv"),
    path("forms/", api.FormList.as_view(), name="api-forms"),
    path("forms/<slug:slug>.csv", api.FormCsv.as_view(), name="api-form-csv"),
]
