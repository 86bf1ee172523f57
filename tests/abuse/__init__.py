"""The fault and abuse catalogue: each row is held by a test that names it (``@pytest.mark.row``)."""
