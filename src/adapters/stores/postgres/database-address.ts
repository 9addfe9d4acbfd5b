/**
 * Checks the address of a database before the driver parses it. No message shows the address, because it can have a
 * password.
 */

/** Returns the reason for which the driver cannot use an address, or undefined if it can. */
export function databaseAddressProblem(url: string): string | undefined {
  if (hostOf(url).includes(',')) {
    return 'an address has one host; write the name of a pooler or of a load balancer, or one that moves to the primary server';
  }
  // The driver accepts an address without a host, which a parameter names.
  const withHost = url.replace(/^([^:]*:\/\/[^/@?]*@)(?=\/[^@]*$)/, '$1host');
  if (URL.canParse(withHost)) return undefined;
  return 'the address cannot be parsed; write special characters in the name and the password as % and two hexadecimal digits';
}

/** Returns the part of an address between the credentials and the path. */
function hostOf(url: string): string {
  const [place = ''] = url.split('?');
  return /^[^:]*:\/\/(?:.*@)?([^/]*)/s.exec(place)?.[1] ?? '';
}
