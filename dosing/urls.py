from django.urls import path

from dosing.views import lots, plan, run_sheet, treatment

urlpatterns = [
    path("lots/", lots.lots, name="lots"),
    path("lots/add/", lots.add_lot, name="add-lot"),
    path("lots/<uuid:pk>/", lots.lot_stock, name="lot-stock"),
    path("lots/<uuid:pk>/move/", lots.move_bags, name="move-bags"),
    path("lots/<uuid:pk>/hold/", lots.hold_lot, name="hold-lot"),
    path("bag-movements/<uuid:pk>/take-back/", lots.take_back_movement, name="take-back-movement"),
    path("records/<uuid:pk>/plan/", plan.dose_plan, name="dose-plan"),
    path("records/<uuid:pk>/plan/accept/", plan.accept_plan, name="accept-plan"),
    path("records/<uuid:pk>/run-sheet/", run_sheet.run_sheet_page, name="run-sheet"),
    path("dose-plans/<uuid:pk>/confirm/", plan.confirm_plan, name="confirm-plan"),
    path("dose-plans/<uuid:pk>/withdraw/", plan.withdraw_plan, name="withdraw-plan"),
    path("participants/<uuid:pk>/end-treatment/", treatment.end_treatment, name="end-treatment"),
]
