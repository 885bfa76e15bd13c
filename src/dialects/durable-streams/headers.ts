/** The names of the Durable Streams protocol, once. */
export const header = {
  nextOffset: 'Stream-Next-Offset',
  upToDate: 'Stream-Up-To-Date',
  closed: 'Stream-Closed',
  cursor: 'Stream-Cursor',
  seq: 'Stream-Seq',
  ttl: 'Stream-TTL',
  expiresAt: 'Stream-Expires-At',
  forkedFrom: 'Stream-Forked-From',
  forkOffset: 'Stream-Fork-Offset',
  forkSubOffset: 'Stream-Fork-Sub-Offset',
  producerId: 'Producer-Id',
  producerEpoch: 'Producer-Epoch',
  producerSeq: 'Producer-Seq',
  producerExpectedSeq: 'Producer-Expected-Seq',
  producerReceivedSeq: 'Producer-Received-Seq',
  sseEncoding: 'Stream-SSE-Data-Encoding',
} as const

/** What a page of another origin may send and read: for the edge's CORS answers. */
export const requestHeaders: readonly string[] = [
  'If-None-Match',
  'Last-Event-ID',
  header.seq,
  header.closed,
  header.ttl,
  header.expiresAt,
  header.forkedFrom,
  header.forkOffset,
  header.forkSubOffset,
  header.producerId,
  header.producerEpoch,
  header.producerSeq,
]
export const responseHeaders: readonly string[] = [
  'ETag',
  'Location',
  header.nextOffset,
  header.upToDate,
  header.closed,
  header.cursor,
  header.ttl,
  header.expiresAt,
  header.producerEpoch,
  header.producerSeq,
  header.producerExpectedSeq,
  header.producerReceivedSeq,
  header.sseEncoding,
]

/** A position of a log as the answers tell it. */
export interface Standing {
  /** The offset to go on from. */
  readonly next: string
  readonly upToDate?: boolean
  readonly closed?: boolean
  readonly cursor?: string
}

export const standingHeaders = ({
  next,
  upToDate = false,
  closed = false,
  cursor,
}: Standing): Record<string, string> => ({
  [header.nextOffset]: next,
  ...(upToDate && { [header.upToDate]: 'true' }),
  ...(closed && { [header.closed]: 'true' }),
  ...(cursor !== undefined && { [header.cursor]: cursor }),
})
