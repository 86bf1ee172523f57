# One image for the web server, the worker, the scheduler and the migration: docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm AS packages

COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /tmp/base.txt


FROM python:3.11-slim-bookworm

# What WeasyPrint needs for PDFs; bin/system-packages has the same list.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 itp \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin itp

COPY --from=packages /venv /venv
WORKDIR /app
COPY . .

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=itp_trial.settings \
    ITP_VAR_DIR=/app/var \
    XDG_CACHE_HOME=/tmp

# The values are placeholders for this one command and are not kept: the real ones come from the environment.
RUN SECRET_KEY=only-for-collectstatic DATABASE_URL=postgres://nobody@nowhere/none REDIS_URL=redis://nowhere/0 \
        python manage.py collectstatic --noinput --verbosity 0 \
    && install -d -o itp -g itp -m 0700 /app/var

USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "bin/healthcheck", "web"]
CMD ["gunicorn", "itp_trial.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--timeout", "90", "--worker-tmp-dir", "/dev/shm"]
