# One image for each service; a target carries its name:
#
#   docker build --target ingress --tag event-router/ingress .
#
# Node runs the sources as they are, so nothing is built: an image is Node, the production
# dependencies and the folders that its service imports. test/unit/dockerfile.test.ts starts every
# target from its files alone. npm is the only thing that downloads anything; a registry of your own
# is told in an npmrc, which no image keeps:
#
#   docker build --secret id=npmrc,src=$HOME/.npmrc --target ingress .

# Node's own slim image, since its tags name an exact version: the same as in package.json. Those of
# distroless move. BUILD_IMAGE needs npm, find and a shell; RUN_IMAGE needs Node and nothing else:
# no image calls for a shell, npm or a writable root once it runs.
ARG BUILD_IMAGE=node:24.21.0-trixie-slim
ARG RUN_IMAGE=node:24.21.0-trixie-slim

# No dev dependencies; no optional ones either, which are a second Node for machines without this
# one. No package that is left needs its install script. All images share this one layer, so its
# packages are not sorted by target; what no process ever reads goes: types, maps, documents, sources
# that are compiled beside, and npm's note of where it has the packages from.
FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
  npm ci --omit=dev --omit=optional --ignore-scripts && \
  find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \
    -o -name '*.md' -o -name '*.markdown' -o -name .package-lock.json \) -exec rm {} +

# What every process shares. The sources belong to root and are only read.
FROM ${RUN_IMAGE} AS core
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY services/core services/core
COPY services/platform services/platform
STOPSIGNAL SIGTERM
# Node's user of the image, as a number: Kubernetes cannot tell whether a name is root.
USER 1000:1000

# What every process shares that runs for long. Kubernetes has its own probes and ignores this one.
FROM core AS service
ENV MANAGEMENT_HOST=0.0.0.0
EXPOSE 9080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MANAGEMENT_PORT || 9080) + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

FROM service AS ingress
ENV INGRESS_HOST=0.0.0.0
# As on one machine (services/local/memory.ts): with a full queue and hostile callers about 300 MiB.
ENV NODE_OPTIONS="--max-old-space-size=256 --max-semi-space-size=8" \
  MALLOC_ARENA_MAX=1 \
  MALLOC_MMAP_THRESHOLD_=32768
EXPOSE 8080
COPY services/ingress services/ingress
ENTRYPOINT ["node", "services/ingress/main.ts"]

# Five siblings: a domain adds its folder to the runtime. A sixth is three lines more.
FROM service AS consumer
COPY services/sdk services/sdk
COPY services/consumers/runtime services/consumers/runtime

FROM consumer AS consumer-pass
COPY services/consumers/pass services/consumers/pass
ENTRYPOINT ["node", "services/consumers/pass/main.ts"]

FROM consumer AS consumer-card
COPY services/consumers/card services/consumers/card
ENTRYPOINT ["node", "services/consumers/card/main.ts"]

FROM consumer AS consumer-settlement
COPY services/consumers/settlement services/consumers/settlement
ENTRYPOINT ["node", "services/consumers/settlement/main.ts"]

FROM consumer AS consumer-compliance
COPY services/consumers/compliance services/consumers/compliance
ENTRYPOINT ["node", "services/consumers/compliance/main.ts"]

FROM consumer AS consumer-program
COPY services/consumers/program services/consumers/program
ENTRYPOINT ["node", "services/consumers/program/main.ts"]

# A job: registers what is missing, says what it did and ends.
FROM core AS registrar
COPY services/registrar services/registrar
COPY schemas schemas
ENTRYPOINT ["node", "services/registrar/main.ts"]

# The operator's door, for a shell-less pod beside the services: `doctor`, `endpoints`, `versions`, …
FROM core AS cli
COPY services services
COPY schemas schemas
ENTRYPOINT ["node", "services/cli/main.ts"]
