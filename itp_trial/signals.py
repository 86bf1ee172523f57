"""What upper layers may listen to. This layer does not know who listens."""

from django.dispatch import Signal

#: Sent inside the transaction that takes the last role in force from a person: ``user``. Sessions end here.
rights_ended = Signal()
