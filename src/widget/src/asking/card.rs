//! The widget of one question: place, what is asked, the qubes, the device's own words, and the way out.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::model::{Body, Card, Choice, Open};
use super::steps::Spot;
use super::{QuestionId, Said};
use crate::menu::dot::Dot;
use crate::platform::set_accessible_label;
use crate::strings;

/// Characters of a sentence before it goes on in the next line.
const LINE: i32 = 46;

/// Who is told what the person says.
pub(super) type OnSaid = Rc<dyn Fn(Said)>;

/// One question on the screen.
pub(super) struct CardWidget {
    whole: gtk::Box,
    dot: Dot,
    place: gtk::Label,
    lead: gtk::Label,
    choices: gtk::Box,
    hold: gtk::Label,
    words: gtk::Label,
    way_out: gtk::Button,
    on_said: OnSaid,
    shown: RefCell<Option<Card>>,
    buttons: RefCell<Vec<ChoiceWidget>>,
}

/// One qube that may be answered.
struct ChoiceWidget {
    button: gtk::Button,
    dot: Dot,
    name: gtk::Label,
    note: gtk::Label,
    risk: gtk::Label,
}

impl CardWidget {
    pub(super) fn new(on_said: &OnSaid) -> Rc<Self> {
        let card = Rc::new(Self {
            whole: gtk::Box::builder()
                .orientation(gtk::Orientation::Vertical)
                .spacing(6)
                .accessible_role(gtk::AccessibleRole::Group)
                .css_classes(["card"])
                .build(),
            dot: Dot::new(),
            place: gtk::Label::builder().xalign(0.0).selectable(false).css_classes(["place"]).build(),
            lead: sentence("lead"),
            choices: gtk::Box::new(gtk::Orientation::Vertical, 4),
            hold: sentence("hold"),
            words: sentence("words"),
            way_out: gtk::Button::builder().halign(gtk::Align::End).build(),
            on_said: on_said.clone(),
            shown: RefCell::default(),
            buttons: RefCell::default(),
        });
        card.assemble();
        let weak = Rc::downgrade(&card);
        card.way_out.connect_clicked(move |_| {
            if let Some(card) = weak.upgrade() {
                card.go_out();
            }
        });
        card
    }

    fn assemble(&self) {
        let heading = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        heading.append(self.dot.widget());
        heading.append(&self.place);
        self.whole.append(&heading);
        self.whole.append(&self.lead);
        self.whole.append(&self.choices);
        self.whole.append(&self.hold);
        self.words.set_wrap_mode(pango::WrapMode::WordChar);
        self.whole.append(&self.words);
        self.whole.append(&self.way_out);
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.whole
    }

    pub(super) fn id(&self) -> Option<QuestionId> {
        self.shown.borrow().as_ref().map(|card| card.id)
    }

    /// The button that attaches it nowhere, or takes note.
    pub(super) fn way_out(&self) -> &gtk::Button {
        &self.way_out
    }

    /// Says what that button says.
    pub(super) fn go_out(&self) {
        let said = match self.shown.borrow().as_ref() {
            Some(Card { id, body: Body::Open(_), .. }) => Said::Decline(*id),
            Some(Card { id, body: Body::Refused(_), .. }) => Said::TakenNote(*id),
            None => return,
        };
        (self.on_said)(said);
    }

    /// Which qube `widget` stands for, or something in it.
    pub(super) fn spot(&self, widget: &gtk::Widget) -> Option<Spot> {
        let is_in = |choice: &ChoiceWidget| *widget == choice.button || widget.is_ancestor(&choice.button);
        let place = self.buttons.borrow().iter().position(is_in)?;
        Some(Spot { question: self.id()?, place })
    }

    /// Shows this from now on. Tells whether it is anything else than before.
    pub(super) fn show(self: &Rc<Self>, card: &Card) -> bool {
        if self.shown.borrow().as_ref() == Some(card) {
            return false;
        }
        self.let_go();
        self.dot.show(card.backend.colour);
        self.place.set_text(&card.place);
        set_accessible_label(&self.whole, &card.place);
        match &card.body {
            Body::Open(open) => self.show_open(open),
            Body::Refused(sentence) => self.show_refused(sentence),
        }
        self.shown.replace(Some(card.clone()));
        true
    }

    /// Takes the focus from a qube to the card itself, where Enter chooses nothing. A qube that can't be chosen any more
    /// would give it to the next one.
    fn let_go(&self) {
        let Some(root) = self.whole.root() else { return };
        if root.focus().is_some_and(|focus| self.spot(&focus).is_some()) {
            root.set_focus(Some(&self.whole));
        }
    }

    fn show_open(self: &Rc<Self>, open: &Open) {
        self.lead.set_text(&open.lead);
        self.lead.remove_css_class("refused");
        self.choices.set_visible(true);
        let mut buttons = self.buttons.borrow_mut();
        while buttons.len() < open.choices.len() {
            let button = ChoiceWidget::new();
            self.listen(&button.button, buttons.len());
            self.choices.append(&button.button);
            buttons.push(button);
        }
        for (place, button) in buttons.iter().enumerate() {
            let choice = open.choices.get(place);
            button.button.set_visible(choice.is_some());
            if let Some(choice) = choice {
                button.show(choice);
            }
        }
        set_text(&self.hold, open.hold.as_deref());
        set_text(&self.words, open.words.as_ref().map(|(short, _)| short.as_str()));
        self.words.set_tooltip_text(open.words.as_ref().map(|(_, full)| full.as_str()));
        self.way_out.set_label(&strings::decline());
        set_accessible_label(&self.way_out, &open.decline_spoken);
    }

    fn show_refused(&self, sentence: &str) {
        self.lead.set_text(sentence);
        self.lead.add_css_class("refused");
        self.choices.set_visible(false);
        set_text(&self.hold, None);
        set_text(&self.words, None);
        self.way_out.set_label(&strings::taken_note());
        set_accessible_label(&self.way_out, &strings::taken_note());
    }

    fn listen(self: &Rc<Self>, button: &gtk::Button, place: usize) {
        let weak = Rc::downgrade(self);
        button.connect_clicked(move |_| {
            let Some(card) = weak.upgrade() else { return };
            let said = card.shown.borrow().as_ref().and_then(|card| {
                let Body::Open(open) = &card.body else { return None };
                let choice = open.choices.get(place).filter(|choice| choice.is_open)?;
                Some(Said::Attach(card.id, choice.qube.name.clone(), open.seen.clone()))
            });
            if let Some(said) = said {
                (card.on_said)(said);
            }
        });
    }
}

impl ChoiceWidget {
    fn new() -> Self {
        let (dot, name) = (Dot::new(), gtk::Label::builder().xalign(0.0).css_classes(["qube"]).build());
        let (note, risk) = (sentence("note"), sentence("risk"));
        let lines = gtk::Box::new(gtk::Orientation::Vertical, 1);
        lines.append(&name);
        lines.append(&note);
        lines.append(&risk);
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 10);
        dot.widget().set_valign(gtk::Align::Start);
        dot.widget().set_margin_top(4);
        whole.append(dot.widget());
        whole.append(&lines);
        let button = gtk::Button::builder().css_classes(["answer"]).child(&whole).build();
        Self { button, dot, name, note, risk }
    }

    fn show(&self, choice: &Choice) {
        self.dot.show(choice.qube.colour);
        self.name.set_text(choice.qube.name.as_str());
        self.note.set_text(&choice.note);
        set_text(&self.risk, choice.risk.as_deref());
        self.button.set_sensitive(choice.is_open);
        set_accessible_label(&self.button, &choice.spoken);
    }
}

fn set_text(label: &gtk::Label, text: Option<&str>) {
    label.set_visible(text.is_some());
    label.set_text(text.unwrap_or_default());
}

fn sentence(class: &str) -> gtk::Label {
    gtk::Label::builder().xalign(0.0).wrap(true).max_width_chars(LINE).css_classes([class]).build()
}
