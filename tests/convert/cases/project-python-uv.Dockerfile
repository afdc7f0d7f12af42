# syntax=docker/dockerfile:1.9
FROM ghcr.io/astral-sh/uv:0.5.4 AS uv

FROM python:3.12-slim AS base
SHELL ["/bin/bash", "-o", "pipefail", "-ec"]
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/venv
WORKDIR /srv

FROM base AS builder
COPY --from=uv /uv /uvx /usr/local/bin/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean; \
    apt-get update && apt-get install -y --no-install-recommends build-essential libpq-dev
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    uv sync --frozen --no-install-project --no-dev
COPY . /srv
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=netrc,target=/root/.netrc,mode=0400 \
    uv sync --frozen --no-dev

FROM builder AS dev
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen
ENV PATH="/opt/venv/bin:$PATH"
CMD ["uvicorn", "app.main:app", "--reload", "--host", "0.0.0.0"]

FROM dev AS test
ENV DJANGO_SETTINGS_MODULE=app.settings.test
RUN pytest -q --junitxml=/tmp/junit.xml | tee /tmp/pytest.log

FROM base AS runtime
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update && apt-get install -y --no-install-recommends libpq5 curl
RUN groupadd --gid 1000 web && useradd --uid 1000 --gid web --create-home web
COPY --from=builder --chown=web:web /opt/venv /opt/venv
COPY --from=builder --chown=web:web --exclude=tests --exclude=**/*.md /srv /srv
ENV PATH="/opt/venv/bin:$PATH"
USER web
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
    CMD curl -fsS http://127.0.0.1:8000/health || exit 1
ENTRYPOINT ["gunicorn", "-k", "uvicorn.workers.UvicornWorker"]
CMD ["app.main:app", "--bind=0.0.0.0:8000"]

# long: mounts that are listed are laid out in several lines
