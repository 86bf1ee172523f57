"""What upper layers may listen to. The kernel does not know who listens."""

from django.dispatch import Signal

#: Sent inside the transaction of every save: ``record``, ``crf``, ``by``.
form_saved = Signal()
#: Sent inside the transaction when a participant's course changes otherwise: ``participant``, ``by``.
course_changed = Signal()
