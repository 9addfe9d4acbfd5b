/**
 * Lets others go first: whoever won a conflict may have more to do in this process. A turn of the event loop and nothing
 * random: a retry reads the stream again, so it needs no luck, only a chance.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Not every engine has it; browsers do not.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
