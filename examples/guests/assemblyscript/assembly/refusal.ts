/** The reason for a failure: a rejection if the domain refuses the command, a fault if the input is invalid. */
export class Refusal {
  names: string[] = [];
  values: i64[] = [];

  constructor(
    public code: string,
    public message: string,
  ) {}

  with(name: string, value: i64): Refusal {
    this.names.push(name);
    this.values.push(value);
    return this;
  }

  static wrongShape(message: string): Refusal {
    return new Refusal('invalid-shape', message);
  }

  static unknownCommand(): Refusal {
    return new Refusal('unknown-type', 'unknown command type; this module accepts OpenAccount, Deposit, Withdraw and CloseAccount');
  }

  static unknownEvent(): Refusal {
    return new Refusal('unknown-type', 'unknown event type; this module reads AccountOpened, Deposited, Withdrawn and AccountClosed');
  }

  static wrongSchemaVersion(version: u32): Refusal {
    const code = version == 0 ? 'invalid-schema-version' : 'newer-schema-version';
    return new Refusal(code, 'this module only has the schema version 1').with('schema-version', version);
  }
}
