"""What upper layers may listen to. The kernel does not know who listens."""

from django.dispatch import Signal

#: Sent inside the transaction of every save: ``record``, ``crf``, ``by``.
form_saved = Signal()
#: Sent inside the transaction whenever the findings of a form were run, also by a machine: ``record``, ``crf``, ``findings``
#: (those that live), ``by``.
findings_run = Signal()
#: Sent inside the transaction when a participant's course changes otherwise: ``participant``, ``by``.
course_changed = Signal()
