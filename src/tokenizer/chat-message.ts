// A conversation, and what rendering makes of it.
import type { ToolCall } from './tools';

export interface ChatMessage {
  /** What a tool gave is a turn of its own. */
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** What the assistant thought before it said that; named as templates name it. Each template decides what becomes of it. */
  readonly reasoning_content?: string;
  /** What the assistant called. */
  readonly tool_calls?: readonly ToolCall[];
  /** Which call it is the result of. */
  readonly tool_call_id?: string;
  /** The tool that it comes from. */
  readonly name?: string;
}

/** A part of a rendered conversation: the template's own text is trusted, what people and models wrote is not. */
export interface ChatPiece {
  readonly text: string;
  readonly trusted: boolean;
  /** The role of the turn whose content, or part of a content, it is. */
  readonly role?: ChatMessage['role'];
}
