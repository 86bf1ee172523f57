from django.urls import path

from casebook import entry_views, lock_views, planning, removal, trail_views, views

urlpatterns = [
    path("worklist/", views.work_list, name="work-list"),
    path("places/", views.places, name="places"),
    path("participants/<uuid:pk>/visits/", views.visits, name="visits"),
    path("participants/<uuid:pk>/visits/add/", views.add_visit, name="add-visit"),
    path("visits/<uuid:pk>/plan/", planning.plan, name="plan-visit"),
    path("participants/<uuid:pk>/add/<slug:form>/", views.add_log, name="add-log"),
    path("visits/<uuid:pk>/", entry_views.visit, name="visit"),
    path("records/<uuid:pk>/", entry_views.record, name="record"),
    path("records/<uuid:pk>/draft/", entry_views.draft, name="draft"),
    path("records/<uuid:pk>/remove/", removal.remove, name="remove-record"),
    path("records/<uuid:pk>/restore/", removal.restore, name="restore-record"),
    path("records/<uuid:pk>/lock/", lock_views.of_record, name="record-lock"),
    path("visits/<uuid:pk>/lock/", lock_views.of_visit, name="visit-lock"),
    path("participants/<uuid:pk>/lock/", lock_views.of_participant, name="participant-lock"),
    path("records/<uuid:pk>/history/", trail_views.history, name="history"),
    path("records/<uuid:pk>/history/<slug:item>/", trail_views.item_history, name="item-history"),
    path("records/<uuid:pk>/history/<slug:item>/comment/", trail_views.comment, name="comment"),
    path("participants/<uuid:pk>/trail/", trail_views.participant_trail, name="trail"),
    path("findings/<int:pk>/confirm/", views.confirm, name="confirm-finding"),
]
