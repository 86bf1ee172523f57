"""The forms of what is observed: blood count, bleeding, adverse event, rescue."""
