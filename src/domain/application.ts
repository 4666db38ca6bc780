/** What tasks name as the program that runs them. */
export interface Application {
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly service: string;
}
