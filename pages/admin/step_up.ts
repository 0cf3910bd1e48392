import type { DivanError } from "../client/error.js";

/** A question for a proof of identity. */
export interface Question {
  /** The accepted proofs. */
  methods: readonly string[];
  /** Answers: whether the identity was proved. */
  settle: (isProved: boolean) => void;
}

/** Questions of the client, for the panel to show. */
export class StepUp {
  question: Question | null = null;
  onChange: () => void = () => {};

  ask = ({ methods }: DivanError): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (isProved: boolean) => {
        this.#set(null);
        resolve(isProved);
      };
      this.#set({ methods, settle });
    });

  #set(question: Question | null): void {
    this.question = question;
    this.onChange();
  }
}
