import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { failure } from './fault.ts'

const PRIVATE = 0o600
/** A group may go on reading, e.g. that of the ingress; everybody never. */
const KEPT = 0o640

async function giveTo(handle: FileHandle, file: string, { uid, gid, mode }: Stats): Promise<void> {
  const own = await handle.stat()
  if (own.uid !== uid || own.gid !== gid) {
    await handle.chown(uid, gid).catch(() => {
      throw failure(`${file} belongs to user ${uid}, group ${gid}; run this as that user`)
    })
  }
  await handle.chmod((mode & KEPT) | PRIVATE)
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/**
 * Puts a text in the place of a file, or makes it: on disk before it has the name, so that whoever
 * reads sees the old file or the new one, also after a power cut. Keeps the owner.
 *
 * @throws CliFault when the owner cannot be kept
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const before = await stat(file).catch(() => null)
  const draft = `${file}.${randomUUID()}.new`
  const handle = await open(draft, 'wx', PRIVATE)
  try {
    try {
      await handle.writeFile(text)
      if (before !== null) await giveTo(handle, file, before)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await synced(dirname(file))
}
