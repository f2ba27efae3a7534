# The one image of web, workers, clock and migration. Built in two steps, so that what installs things stays behind.
#
#   --build-arg TORCH_BUILD=cu130    a CUDA build of torch; see tools/install-torch
#   --build-arg TORCH_INDEX_URL=...  where that build of torch is: PyTorch's wheel index of it
#   --build-context wheels=FOLDER    a folder of wheels to install from, where the network has no package index

FROM scratch AS wheels

FROM python:3.11-slim-bookworm AS build
ARG TORCH_BUILD=
ARG TORCH_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.txt constraints.txt ./
COPY tools/install-torch tools/
RUN python -m venv /venv
RUN --mount=type=bind,from=wheels,target=/wheels \
    if [ -n "$(ls -A /wheels)" ]; then export PIP_FIND_LINKS=/wheels; fi; \
    tools/install-torch /venv/bin/python && \
    /venv/bin/pip install --only-binary :all: -c constraints.txt -r requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin chat && \
    install -d -o chat -g chat /data /models
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENV_FILE= DATA_DIR=/data HOST=0.0.0.0 PORT=8000 HF_HOME=/models TORCH_HOME=/models/torch
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY locale locale
COPY templates templates
COPY inference inference
COPY training training
COPY moderation moderation
COPY conversations conversations
COPY chatsite chatsite
RUN python -m compileall -q /app
USER chat
VOLUME ["/data", "/models"]
EXPOSE 8000
# The web process answers; each of the others shows its last sign of life as the age of a file.
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=6 CMD \
    if [ -n "$ALIVE_FILE" ]; then test -n "$(find "$ALIVE_FILE" -newermt '-30 seconds')"; \
    else python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=4)"; fi
CMD ["python", "-m", "chatsite.run_part", "web"]
