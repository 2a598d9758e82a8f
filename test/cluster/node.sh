#!/usr/bin/env bash
# First process of the cluster's namespaces: makes the network, then keeps every program of a
# one-node Kubernetes running. When it ends, the kernel ends all of them, and with the last of them
# go the network and every file below the memory file systems that are mounted here.
#
# Told by cluster.ts: CLUSTER (work folder), HERE (this folder), ADDRESS (of the node), NODE (the
# program), PATH (with the programs of Kubernetes first).
set -uo pipefail
cd "$CLUSTER"
state=/run/cluster keys=$CLUSTER/keys logs=$CLUSTER/logs

for folder in /run /var/log /var/lib/kubelet /var/lib/containerd /var/lib/cni; do
  mkdir -p "$folder" && mount -t tmpfs -o mode=0755 cluster "$folder"
done
mount --make-rshared /
mkdir -p "$state/cni"
: > "$state/resolv.conf"

ip link set lo up
ip link add node0 type bridge && ip address add "$ADDRESS/24" dev node0 && ip link set node0 up
# It leads nowhere; without a route, a service's address is refused before it is rewritten.
ip route add default via "${ADDRESS%.*}.254" dev node0
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0

cat > "$state/cni/10-cluster.conflist" <<END
{"cniVersion": "0.4.0", "name": "cluster", "plugins": [
  {"type": "ptp", "ipMasq": false, "mtu": 1500, "ipam": {
    "type": "host-local", "dataDir": "$state/ipam",
    "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
# Scores of the kernel's out-of-memory killer may only be lowered with a capability that a container
# of a CI lacks: nobody lowers any.
cat > "$state/containerd.toml" <<END
version = 2
root = "/var/lib/containerd"
state = "$state/containerd"
[grpc]
  address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
END
cat > "$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $keys/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $keys/kubelet-server.crt
tlsPrivateKeyFile: $keys/kubelet-server.key
containerRuntimeEndpoint: unix://$state/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
nodeStatusUpdateFrequency: 4s
# How soon a changed Secret reaches its pods; a minute where nobody says otherwise.
configMapAndSecretChangeDetectionStrategy: Watch
syncFrequency: 10s
END
cat > "$state/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $keys/proxy.conf}
clusterCIDR: 10.244.0.0/16
hostnameOverride: node
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END

keep() { # NAME COMMAND… : runs it, and again whenever it ends
  local name=$1; shift
  while :; do
    "$@" >> "$logs/$name.log" 2>&1 < /dev/null
    echo "$(date +%T) $name ended: $?"
    sleep 1
  done &
}

"$NODE" "$HERE/external-parts.ts" "$state/parts" >> "$logs/external-parts.log" 2>&1 < /dev/null &
keep etcd etcd --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380
keep containerd containerd -c "$state/containerd.toml"
keep kube-apiserver kube-apiserver --v=1 \
  --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --bind-address=0.0.0.0 \
  --advertise-address="$ADDRESS" --service-cluster-ip-range=10.96.0.0/16 \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  --client-ca-file="$keys/ca.crt" \
  --tls-cert-file="$keys/apiserver.crt" --tls-private-key-file="$keys/apiserver.key" \
  --kubelet-client-certificate="$keys/kubelet-client.crt" --kubelet-client-key="$keys/kubelet-client.key" \
  --kubelet-certificate-authority="$keys/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file="$keys/accounts.pub" --service-account-signing-key-file="$keys/accounts.key" \
  --requestheader-client-ca-file="$keys/front-ca.crt" --requestheader-allowed-names=front-proxy-client \
  --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
  --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file="$keys/front-client.crt" --proxy-client-key-file="$keys/front-client.key" \
  --enable-aggregator-routing=true
until kubectl --kubeconfig "$keys/admin.conf" get --raw /readyz > /dev/null 2>&1; do sleep 0.3; done
keep kube-controller-manager kube-controller-manager --v=1 --kubeconfig="$keys/controllers.conf" \
  --leader-elect=false --use-service-account-credentials=true --root-ca-file="$keys/ca.crt" \
  --service-account-private-key-file="$keys/accounts.key" \
  --cluster-signing-cert-file="$keys/ca.crt" --cluster-signing-key-file="$keys/ca.key" \
  --horizontal-pod-autoscaler-sync-period=5s --horizontal-pod-autoscaler-initial-readiness-delay=5s \
  --horizontal-pod-autoscaler-cpu-initialization-period=20s
keep kube-scheduler kube-scheduler --v=1 --kubeconfig="$keys/scheduler.conf" --leader-elect=false
keep kubelet kubelet --v=2 --config="$state/kubelet.yaml" --kubeconfig="$keys/kubelet.conf" \
  --hostname-override=node --node-ip="$ADDRESS"
keep kube-proxy kube-proxy --v=1 --config="$state/proxy.yaml"
keep policy "$NODE" "$HERE/policy-enforcer.ts" "$keys"
wait
