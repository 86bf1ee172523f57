import pytest
from reports.pdf import casebook_pdf

pytestmark = pytest.mark.django_db


def test_it(logged):
    import time

    t = time.time()
    f = casebook_pdf(logged.responder)
    open("/tmp/cb.pdf", "wb").write(f.body)
    print(len(f.body), time.time() - t)
    from reports.pdf import casebook_html

    open("/tmp/cb.html", "w").write(casebook_html(logged.responder))
