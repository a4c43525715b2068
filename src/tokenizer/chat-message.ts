// A conversation, and what rendering makes of it.

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** What the assistant thought before it said that; named as templates name it. Each template decides what becomes of it. */
  readonly reasoning_content?: string;
}

/** A part of a rendered conversation: the template's own text is trusted, what people and models wrote is not. */
export interface ChatPiece {
  readonly text: string;
  readonly trusted: boolean;
  /** The role of the turn whose content, or part of a content, it is. */
  readonly role?: ChatMessage['role'];
}
