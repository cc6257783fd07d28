# The place of eclipse-mosquitto, from a local base that has mosquitto.
ARG BASE
FROM ${BASE}
RUN install -d -o 1883 -g 1883 /mosquitto/config /mosquitto/data /mosquitto/log
VOLUME /mosquitto/data
