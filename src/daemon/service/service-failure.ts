/** The command cannot do what it was asked; the message is for the administrator. */
export class ServiceFailure extends Error {
  override readonly name = 'ServiceFailure';
}
