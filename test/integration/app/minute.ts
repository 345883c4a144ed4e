/** Resolves when the running minute, after which limits count anew, has at least so many seconds left. */
export async function minuteWith(seconds: number): Promise<void> {
  const left = 60 - ((Date.now() / 1_000) % 60);
  if (left < seconds) await new Promise((resolve) => setTimeout(resolve, left * 1_000 + 10));
}
