// Choosing many conversations: all at once, and a range with Shift.

const form = document.querySelector("[data-choose]");

if (form) {
    const boxes = [...form.querySelectorAll('input[name="ids"]')];
    const label = form.querySelector("[data-choose-all]");
    const all = label.querySelector("input");
    let last = null;

    const show = () => {
        const count = boxes.filter((box) => box.checked).length;
        all.checked = count === boxes.length;
        all.indeterminate = count > 0 && count < boxes.length;
    };

    label.hidden = false;
    all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
    form.addEventListener("click", (event) => {
        const index = boxes.indexOf(event.target);
        if (index < 0) {
            return;
        }
        if (event.shiftKey && last !== null) {
            const [from, to] = [Math.min(last, index), Math.max(last, index)];
            boxes.slice(from, to + 1).forEach((box) => (box.checked = boxes[index].checked));
        }
        last = index;
        show();
    });
    addEventListener("pageshow", show);
}
