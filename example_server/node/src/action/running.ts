/** The requests that are being carried out: when the last one has ended, and how to end them. */
export class Running {
  readonly #controllers = new Set<AbortController>();
  #idle: (() => void) | undefined;

  /** Whether the server is about to end. */
  get ending(): boolean {
    return this.#idle !== undefined;
  }

  /** Takes in a request; its controller ends it. */
  enter(): AbortController {
    const controller = new AbortController();
    this.#controllers.add(controller);
    return controller;
  }

  leave(controller: AbortController): void {
    this.#controllers.delete(controller);
    if (this.#controllers.size === 0) this.#idle?.();
  }

  /** From now on the server is ending; waits until no request is left. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#controllers.size === 0) resolve();
    });
  }

  /** Aborts what still runs. */
  abort(): void {
    for (const controller of this.#controllers) controller.abort();
  }
}
