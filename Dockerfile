# The server as an image: no shell, not root, its data in /data.
FROM rust:1.95-bookworm AS builder
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked --package cohortium-api && \
    install -D target/release/cohortium /image/usr/local/bin/cohortium && \
    install -d /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=builder --chown=nonroot:nonroot /image /
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["cohortium"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--data", "/data"]
