# The place of the public influxdb image, from a local base with Python and a binary made by scripts/influxd.
ARG BASE
FROM ${BASE}
RUN install -d -o 1000 -g 1000 /var/lib/influxdb2 /etc/influxdb2
COPY influxd influxdb /usr/local/bin/
VOLUME /var/lib/influxdb2 /etc/influxdb2
ENTRYPOINT ["influxdb"]
CMD ["serve"]
