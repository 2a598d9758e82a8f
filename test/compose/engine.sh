#!/usr/bin/env bash
# A Docker engine in namespaces of its own, which ends with the command that runs beside it.
#
# Told by engine.ts: DATA (the engine's folder), MODE. `build` is on the machine's network, so that npm
# finds its registry, and touches nothing of it: no bridge, no rules. `run` has a network of its own.
set -euo pipefail
network=(--bridge=none --iptables=false --ip6tables=false)
mount --make-rshared /
if [ "$MODE" = run ]; then
  network=()
  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1
fi
mount -t tmpfs -o mode=0755 engine /run
export DOCKER_HOST=unix:///run/docker.sock
# Limits that may be raised without a capability that a CI's container lacks.
dockerd --data-root "$DATA/data" --exec-root /run/docker --pidfile /run/docker.pid \
  --host "$DOCKER_HOST" --exec-opt native.cgroupdriver=cgroupfs \
  --default-ulimit nofile=1024:1024 "${network[@]}" > "$DATA/dockerd-$MODE.log" 2>&1 &
for _ in $(seq 240); do
  docker version > /dev/null 2>&1 && break
  sleep 0.5
done
docker version > /dev/null 2>&1 || { tail -n 5 "$DATA/dockerd-$MODE.log" >&2; exit 1; }
"$@"
