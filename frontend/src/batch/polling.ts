import { Problem } from '../api/problem'
import type { components } from '../api/schema'

export type Batch = components['schemas']['Batch']
/** What a poll was answered with; `batch` is null for "nothing has changed". */
export interface PollAnswer {
  batch: Batch | null
  etag: string | null
}

const POLL_MILLISECONDS = 2000
const LONGEST_MILLISECONDS = 30_000
/** Invitations are sent after an import has ended. Their numbers are read less often. */
const INVITATIONS_MILLISECONDS = 10_000

export function isRunning({ status }: Batch): boolean {
  return status === 'pending' || status === 'processing'
}

/** Asks for a batch again and again. It keeps the last answer, so that the server can say "nothing has changed". */
export class Polling {
  private batch: Batch | null = null
  private etag: string | null = null
  private failures = 0
  private waitSeconds = 0

  /** @param ask - Sends one request, with the ETag of the last answer as If-None-Match. It raises a Problem. */
  constructor(private readonly ask: (etag: string | null, signal: AbortSignal) => Promise<PollAnswer>) {}

  /** The batch as it is now. Raises the Problem of the request. */
  async poll(signal: AbortSignal): Promise<Batch> {
    try {
      const { batch, etag } = await this.ask(this.etag, signal)
      this.failures = 0
      this.waitSeconds = 0
      if (batch) {
        this.batch = batch
        this.etag = etag
      }
    } catch (error) {
      if (!signal.aborted) this.failures += 1
      this.waitSeconds = (error instanceof Problem && error.retryAfterSeconds) || 0
      throw error
    }
    if (!this.batch) throw new Problem({ status: 500, code: 'empty_answer' })
    return this.batch
  }

  /** How long to wait for the next poll; false for no further one. After errors it is twice as long each time. */
  nextMilliseconds(error: unknown): number | false {
    if (error instanceof Problem && !error.isTemporary) return false
    if (this.failures > 0)
      return Math.max(this.waitSeconds * 1000, Math.min(LONGEST_MILLISECONDS, POLL_MILLISECONDS * 2 ** this.failures))
    if (!this.batch || isRunning(this.batch)) return POLL_MILLISECONDS
    return this.batch.invitations?.pending ? INVITATIONS_MILLISECONDS : false
  }

  /** Takes the answer of a call that changed the batch, so that the next poll compares with nothing old. */
  replace(batch: Batch): void {
    this.batch = batch
    this.etag = null
  }
}
