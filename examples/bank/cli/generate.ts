/**
 * Generates `commands.ndjson`: `node examples/bank/cli/generate.ts > examples/bank/commands.ndjson`. The seed is fixed,
 * so each run generates the same file. A test compares it with the checked-in file.
 *
 * The program tracks balances, so that it can predict which withdrawals succeed. It writes the deposit of a transfer
 * only if the withdrawal will be accepted, and a deposit back to the sender if the receiver cannot accept it.
 */

const SEED = 20261122;
const ACCOUNTS = 600;
const STEPS = 10_600;

interface Line {
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

interface Book {
  readonly id: string;
  status: 'none' | 'open' | 'closed';
  balance: number;
}

/** Returns the generator mulberry32: pseudo-random numbers in [0, 1), in the same sequence on every machine. */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = mulberry32(SEED);
const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));

function pick<Item>(items: readonly Item[]): Item {
  const item = items[between(0, items.length - 1)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

const FIRST_NAMES =
  'Ada Björn Chloé Dmitri Emine Farid Gwendolyn Haruki Ísold João Kwame Łucja Mei Noor Omar Priya Zoë'.split(' ');
const LAST_NAMES =
  'Adeyemi Brontë Çelik Dvořák Eriksson Fernández García Haddad Ito Jansen Kowalska Lovelace Müller Nguyễn O’Neill 山田'.split(
    ' ',
  );

const books: Book[] = [];
const written: Line[] = [];
const output: string[] = [];
let commands = 0;
let transfers = 0;

function write(type: string, data: Record<string, unknown>, id = `c${String(++commands).padStart(5, '0')}`): void {
  const line = { id, type, data };
  written.push(line);
  output.push(JSON.stringify(line));
}

function open(): void {
  const book: Book = { id: String(books.length + 1).padStart(4, '0'), status: 'open', balance: 0 };
  books.push(book);
  write('OpenAccount', { accountId: book.id, owner: `${pick(FIRST_NAMES)} ${pick(LAST_NAMES)}` });
}

function deposit(book: Book, amount: number): void {
  write('Deposit', { accountId: book.id, amount });
  if (book.status === 'open' && book.balance + amount <= 100_000_000) book.balance += amount;
}

function withdraw(book: Book, amount: number): void {
  write('Withdraw', { accountId: book.id, amount });
  if (book.status === 'open' && amount <= 1_000_000 && amount <= book.balance) book.balance -= amount;
}

function transfer(from: Book, to: Book): void {
  if (from.status !== 'open' || from.balance < 100 || from === to) {
    deposit(from, between(10_00, 900_00));
    return;
  }
  const amount = Math.min(between(1, from.balance), 1_000_000);
  const transferId = `t${String(++transfers).padStart(4, '0')}`;
  write('Withdraw', { accountId: from.id, amount, transferId }, `${transferId}-out`);
  write('Deposit', { accountId: to.id, amount, transferId }, `${transferId}-in`);
  if (to.status === 'open' && to.balance + amount <= 100_000_000) {
    from.balance -= amount;
    to.balance += amount;
  } else {
    write('Deposit', { accountId: from.id, amount, transferId }, `${transferId}-back`);
  }
}

/** Pays out the balance in withdrawals within the limit, and closes the account. */
function close(book: Book): void {
  while (book.status === 'open' && book.balance > 0) withdraw(book, Math.min(book.balance, 1_000_000));
  write('CloseAccount', { accountId: book.id });
  if (book.status === 'open') book.status = 'closed';
}

/** Writes a random command. Most commands succeed, and the account rejects some. */
function step(): void {
  const book = pick(books);
  const chance = random();
  if (chance < 0.4) deposit(book, between(5_00, 2_500_00));
  else if (chance < 0.72) withdraw(book, Math.min(between(1_00, 900_00), 1 + Math.floor(book.balance * 1.02)));
  else if (chance < 0.86) transfer(book, pick(books));
  else if (chance < 0.92) withdraw(book, Math.min(book.balance + between(1, 500_00), 100_000_000));
  else if (chance < 0.935) withdraw(book, between(1_000_001, 3_000_000));
  else if (chance < 0.942) deposit(book, between(99_900_000, 100_000_000));
  else if (chance < 0.95) write('OpenAccount', { accountId: book.id, owner: pick(FIRST_NAMES) });
  else if (chance < 0.957) write('CloseAccount', { accountId: book.balance > 0 ? book.id : `${book.id}x` });
  else if (chance < 0.965) deposit({ id: `9${between(100, 999)}`, status: 'none', balance: 0 }, between(1_00, 50_00));
  else if (chance < 0.97 && books.filter((other) => other.status === 'closed').length < 60) close(book);
  else if (chance < 0.98) output.push(JSON.stringify(pick(written)));
  else deposit(book, between(1, 99));
}

/** Lines that are invalid on purpose, one for each kind of mistake that the bank must report and survive. */
const WRONG: readonly (() => string)[] = [
  () => 'this is not JSON',
  () => '{"id":"w001","type":"Deposit","data":{"accountId":"0001","amount":',
  () => '[1,2,3]',
  () => 'null',
  () => '',
  () => '   ',
  () => '{"id":"w002","type":"Despoit","data":{"accountId":"0002","amount":100}}',
  () => '{"id":"w003","type":"toString","data":{}}',
  () => '{"type":"Deposit","data":{"accountId":"0003","amount":100}}',
  () => '{"id":"","type":"Deposit","data":{"accountId":"0003","amount":100}}',
  () => '{"id":42,"type":"Deposit","data":{"accountId":"0003","amount":100}}',
  () => '{"id":"w004","type":"Deposit"}',
  () => '{"id":"w005","type":"Deposit","data":{"accountId":"0004","amount":"12.50"}}',
  () => '{"id":"w006","type":"Deposit","data":{"accountId":"0004","amount":12.5}}',
  () => '{"id":"w007","type":"Withdraw","data":{"accountId":"0004","amount":-500}}',
  () => '{"id":"w008","type":"Withdraw","data":{"accountId":"0004","amount":0}}',
  () => '{"id":"w009","type":"Deposit","data":{"accountId":"0004","amount":1e999}}',
  () => '{"id":"w010","type":"Deposit","data":{"amount":100}}',
  () => '{"id":"w011","type":"OpenAccount","data":{"accountId":7,"owner":"Ada Lovelace"}}',
  () => '{"id":"w012","type":"OpenAccount","data":{"accountId":"0005","owner":"\\ud800"}}',
  () => `{"id":"w013","type":"OpenAccount","data":{"accountId":"0006","owner":"${'A'.repeat(20_000)}"}}`,
  () => reused('Deposit', (data) => ({ ...data, amount: 1 })),
  () => reused('Withdraw', (data) => ({ ...data, amount: 2 })),
  () => reused('Deposit', (data) => ({ ...data, accountId: '0001', amount: 3 })),
];

/** Reuses the id of an earlier command for different content. */
function reused(type: string, change: (data: Record<string, unknown>) => Record<string, unknown>): string {
  const line = pick(written.filter((other) => other.type === type));
  return JSON.stringify({ ...line, data: change(line.data) });
}

while (books.length < 60) open();
for (let n = 0; n < STEPS; n++) {
  if (books.length < ACCOUNTS && n % 8 === 0) open();
  step();
  const wrong = WRONG[n / 400 - 1];
  if (wrong !== undefined) output.push(wrong());
}

/**
 * The lines up to here are older than `RequestTransfer`. The lines below use other accounts, so that the older lines
 * and their balances do not change.
 */
const TRANSFER_ACCOUNTS = 120;
const TRANSFER_STEPS = 400;

/** Writes a random command for the accounts of the transfers. Some transfers are refused, and some are compensated. */
function transferStep(accounts: readonly Book[]): void {
  const [from, to] = [pick(accounts), pick(accounts)];
  const chance = random();
  if (chance < 0.1) deposit(from, between(5_00, 2_500_00));
  else if (chance < 0.15) withdraw(from, between(1_00, 900_00));
  else if (chance < 0.17) output.push(JSON.stringify(pick(written)));
  else if (chance < 0.22) request(from.id, `8${between(100, 999)}`, between(1_00, 50_00));
  else if (chance < 0.25) request(from.id, to.id, between(1_000_001, 3_000_000));
  else request(from.id, to.id, between(1, 2_000_00));
}

function request(from: string, to: string, amount: number): void {
  const transferId = `x${String(++requests).padStart(4, '0')}`;
  write('RequestTransfer', { transferId, from, to, amount }, transferId);
}

let requests = 0;
const first = books.length;
while (books.length < first + TRANSFER_ACCOUNTS) open();
const payers = books.slice(first);
for (const payer of payers) deposit(payer, between(50_00, 5_000_00));
// Some accounts are closed, so that they refuse money, and others are close to the largest balance.
for (const payer of payers.slice(0, 8)) close(payer);
for (const payer of payers.slice(8, 12)) deposit(payer, 100_000_000 - payer.balance - 1_00);
for (let n = 0; n < TRANSFER_STEPS; n++) transferStep(payers);

process.stdout.write(output.join('\n') + '\n');
