/** Waits for the promise, but no longer than the cap; its failure is no news to anybody. */
export async function cappedWait(work: Promise<unknown>, capMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const cap = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, capMs)
  })
  await Promise.race([work.catch(() => undefined), cap])
  clearTimeout(timer)
}
