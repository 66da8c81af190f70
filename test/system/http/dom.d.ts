// playwright-core's declarations name these types. The project is compiled without the DOM library, so that
// nothing in it leans on a browser by accident.
interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly tagName: string;
}
interface SVGElement extends Node {
  readonly tagName: string;
}
interface HTMLElementTagNameMap {
  readonly [tag: string]: HTMLElement;
}
