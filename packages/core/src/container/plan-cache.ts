import type { Container } from 'inversify';

/**
 * Makes a container forget how it builds what it has built before; instances stay. Without that, removing or adding
 * bindings one by one makes it plan anew in between all that it has given of one id, and throw for a dependency
 * whose binding is not there again yet. It forgets by itself where a binding goes whose constraint looks at who
 * asks: this one binding is made and removed for that.
 */
export function forgetPlans(container: Container): void {
  const probe = Symbol('kapelle.forgetPlans');
  container
    .bind(probe)
    .toConstantValue(true)
    .when((wanted) => {
      wanted.getAncestor();
      return true;
    });
  container.get(probe);
  container.unbind(probe);
}
