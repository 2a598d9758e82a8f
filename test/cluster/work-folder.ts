import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of this repository. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
/** This folder. */
export const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Of Kubernetes objects, for kubeconform without a network. */
export const SCHEMAS_FOLDER = join(REPOSITORY, 'test', 'fixtures', 'kubernetes-schemas')

const ROOT = join(REPOSITORY, '.local', 'cluster')

/** Everything that the cluster leaves on disk; what it runs on lies in memory and ends with it. */
export const WORK = {
  root: ROOT,
  /** Certificates and kubeconfigs of the cluster that was started last. */
  keys: join(ROOT, 'keys'),
  logs: join(ROOT, 'logs'),
  /** Archives of images, as podman saves them and containerd reads them. */
  images: join(ROOT, 'images'),
  /** podman's own storage: nothing of ours is among the user's images. */
  podman: join(ROOT, 'podman'),
  /** Number of the namespaces' first process, seen from outside. */
  pid: join(ROOT, 'pid'),
  /** Kernel settings as they were, since the kubelet changes them for the whole machine. */
  kernel: join(ROOT, 'kernel-settings.json'),
} as const
