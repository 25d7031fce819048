# cardstream as one static binary in an empty image, run by a user without rights.
#
#   docker build -t cardstream .
#   docker run --rm cardstream --help

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ENV CGO_ENABLED=0
# .git comes along, so that the binary knows its revision (the metric build_info tells it).
RUN go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/cardstream ./deploy/healthcheck
# An empty image has no mkdir: the store's directory is made here, for the user below to own.
RUN mkdir -p /out/store

FROM scratch
# Who TLS trusts, and the time zones that --time-zone knows.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
ENV ZONEINFO=/usr/share/zoneinfo.zip
COPY --from=build /out/cardstream /out/healthcheck /usr/local/bin/
COPY --from=build --chown=65532:65532 /out/store /var/lib/cardstream
# Nothing else is written to: the container may run with a read-only root.
VOLUME /var/lib/cardstream
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/cardstream"]
