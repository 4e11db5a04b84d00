/** What one tool is asked, and how. */
export interface Check {
  tool: string
  /** What it is asked, for the table. */
  asks: string
  look (around: Around): Promise<Seen>
}

/** What a check has to work with. */
export interface Around {
  /** Where the service listens, on 127.0.0.1. */
  port: number
  /** For what tools write. */
  folder: string
  /** Everything has to end now. */
  signal: AbortSignal
}

/** What a check has seen. */
export interface Seen {
  /** By status how often, where known. */
  answers: Map<number, number>
  /** What the table tells where no answers are known. */
  summary?: string
  /** Each one makes the audit fail. */
  faults: string[]
  /** What is not a fault, and why. */
  remarks: string[]
}
